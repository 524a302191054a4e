export { AppendFile, type FilePosition } from "./appendFile.ts";
export { type ContentDigest, writeFileAtomic } from "./atomicFile.ts";
export { type Checkpoint, CheckpointError } from "./checkpoint.ts";
export { type CompareOptions, type Comparison, compareRuns, type TaskResult } from "./compare/comparison.ts";
export { comparisonPage } from "./compare/comparisonPage.ts";
export {
  comparisonTables,
  markdownTable,
  methodNote,
  type ResultTable,
  textTable,
} from "./compare/comparisonTables.ts";
export { type FoundRun, findRuns, runFolders } from "./compare/findRuns.ts";
export { type Normalization, parseNormalization, rangeOfRuns } from "./compare/normalization.ts";
export { type Allowance, allowances, type RunTable, type TabulateOptions, tabulate } from "./compare/runTable.ts";
export { type Flag, flagsFromSchema, parseConfig, unknownFlag } from "./config.ts";
export { exitCodeOf, FailureError, fileFailure, NonFiniteError, requireFinite, UsageError } from "./errors.ts";
export { onInterrupt } from "./interrupt.ts";
export { makeFolder } from "./makeFolder.ts";
export { type Metrics, type MetricsRow, readMetrics, reproducibleMetrics } from "./metrics.ts";
export { importDefault, isModuleFile } from "./moduleFile.ts";
export { formatDuration, formatNumber } from "./numberText.ts";
export { createProgress, type Progress, type ProgressOptions, type ProgressReadings } from "./progress.ts";
export { type ProgressState, renderProgress } from "./progressLine.ts";
export { type Provenance, packageVersions } from "./provenance.ts";
export { type Bar, type BarChartOptions, drawBars } from "./report/barChart.ts";
export { type ChartOptions, type Curve, curveSvg, drawChart, type Rule } from "./report/chart.ts";
export { binCurve, type CurveBin, type CurvePoint, metricCurve } from "./report/curve.ts";
export { figureHtml, type PageContent, type PageTable, reportPage, type Tile } from "./report/page.ts";
export { defaultPanels, type Panel } from "./report/panels.ts";
export { type ReportOptions, renderReport, writeReport } from "./report/report.ts";
export { type TextChartOptions, textChart } from "./report/textChart.ts";
export {
  type CreateRunOptions,
  createRun,
  type ResumedRun,
  type ResumeRunOptions,
  type Run,
  resumeRun,
} from "./run.ts";
export {
  loadLatestCheckpoint,
  openRun,
  type RunFile,
  type RunFolder,
  type RunRecord,
  runMetrics,
  runPath,
  runSummary,
} from "./runFolder.ts";
export {
  type BootstrapOptions,
  bootstrap,
  type Estimate,
  interquartileMean,
  mean,
  median,
  quantile,
  RunningRange,
} from "./statistics.ts";
export { StepRate } from "./stepRate.ts";
export { type SummarizeOptions, type Summary, summarize } from "./summary.ts";
export type {
  Algorithm,
  Domain,
  EntropyBounds,
  Learner,
  Progress as TrainingProgress,
  TrainingConfig,
  TrainingHooks,
} from "./training/algorithm.ts";
export { Averages } from "./training/averages.ts";
export { atStep, finiteArrays, loopState, refused, stateKey } from "./training/learnerState.ts";
export { MachineMetrics } from "./training/machineMetrics.ts";
export { learningRateAt, type Schedule, type ScheduleName, scheduleNames } from "./training/schedule.ts";
export { seedSetting, threadsSetting } from "./training/settings.ts";
export { trainRun } from "./training/trainRun.ts";
export { closestName, unknownName } from "./unknownName.ts";
