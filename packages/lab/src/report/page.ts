import { DARK, darkChartCss, FONT, LIGHT } from "./theme.ts";

export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  /** Marks a promise kept or broken. */
  readonly isGood?: boolean;
}

export interface PageContent {
  readonly title: string;
  readonly subtitle: readonly (string | undefined)[];
  readonly status: string | undefined;
  readonly error: string | undefined;
  /** Sentences that a reader must not miss, below the title. */
  readonly warnings?: readonly string[];
  readonly tiles: readonly Tile[];
  /** Figures, as HTML. */
  readonly charts: readonly string[];
  readonly tables: readonly PageTable[];
  /** A sentence below the figures. */
  readonly note?: string;
}

/** A table that opens on a click; the first column is its rows' names. */
export interface PageTable {
  readonly title: string;
  readonly header?: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Shown open. */
  readonly isOpen?: boolean;
}

/** Text for HTML, in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The page: one file, no script, nothing loaded from anywhere. */
export function reportPage({
  title,
  subtitle,
  status,
  error,
  warnings = [],
  tiles,
  charts,
  tables,
  note,
}: PageContent): string {
  const badge = status === undefined ? "" : `<span class="status ${escapeHtml(status)}">${escapeHtml(status)}</span>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${darkChartCss()}</style>
<main>
<header>
<h1>${escapeHtml(title)} ${badge}</h1>
<p>${subtitle
    .filter((part) => part !== undefined)
    .map(escapeHtml)
    .join(" · ")}</p>
${error === undefined ? "" : `<p class="error">${escapeHtml(error)}</p>`}
${warnings.map((warning) => `<p class="warning">${escapeHtml(warning)}</p>`).join("\n")}
</header>
${tiles.length === 0 ? "" : `<section class="tiles">${tiles.map(tileHtml).join("")}</section>`}
<section class="charts">
${charts.join("\n")}
</section>
${note === undefined ? "" : `<p class="note">${escapeHtml(note)}</p>`}
${tables.map(tableHtml).join("\n")}
</main>
</html>
`;
}

function tileHtml({ label, value, note, isGood }: Tile): string {
  const mark = isGood === undefined ? "" : isGood ? ' <span class="good">✓</span>' : ' <span class="bad">✗</span>';
  return `<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}${mark}</dd><dd class="small">${escapeHtml(note)}</dd></div>`;
}

function tableHtml({ title, header, rows, isOpen }: PageTable): string {
  const cells = (tag: "th" | "td", values: readonly string[]) =>
    values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join("");
  const head = header === undefined ? "" : `<tr>${cells("th", header)}</tr>`;
  const body = rows.map(([name = "", ...values]) => `<tr>${cells("th", [name])}${cells("td", values)}</tr>`);
  return `<details${isOpen ? " open" : ""}><summary>${escapeHtml(title)}</summary><table${header === undefined ? "" : ' class="wide"'}>${head}${body.join("")}</table></details>`;
}

/** A figure with a caption around a chart; a large one takes the page's width. */
export function figureHtml(caption: string, svg: string, isLarge = false): string {
  return `<figure${isLarge ? ' class="large"' : ""}><figcaption>${escapeHtml(caption)}</figcaption>${svg}</figure>`;
}

const variables = (colors: Readonly<Record<keyof typeof LIGHT, string>>, background: string, card: string): string =>
  `:root{--text:${colors.text};--muted:${colors.muted};--line:${colors.grid};--bad:${colors.rule};--good:${colors.good};--warning:${colors.warning};--background:${background};--card:${card}}`;

const STYLE = `
${variables(LIGHT, "#f6f8fa", "#ffffff")}
@media (prefers-color-scheme: dark){${variables(DARK, "#0d1117", "#151b23")}}
*{box-sizing:border-box}
body{margin:0;background:var(--background);color:var(--text);font:15px/1.5 ${FONT}}
main{max-width:1120px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:26px;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:0 0 4px}
header p{margin:0;color:var(--muted)}
header .error{color:var(--bad);margin-top:8px}
header .warning{color:var(--warning);margin-top:8px;font-size:13px}
.status{font-size:12px;font-weight:600;letter-spacing:0;padding:3px 10px;border-radius:999px;vertical-align:4px;margin-left:6px;color:var(--good);background:#1a7f3722}
.status.failed{color:var(--bad);background:#cf222e22}
.status.interrupted{color:var(--warning);background:#9a670022}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:16px;margin:28px 0 16px}
.tiles div,figure,details{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tiles div{padding:14px 18px}
dt{color:var(--muted);font-size:13px}
dt::first-letter{text-transform:uppercase}
dd{margin:0;font-size:25px;line-height:1.35;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
dd.small{font-size:13px;font-weight:400;color:var(--muted);letter-spacing:0;min-height:1.35em}
.good{color:var(--good)}.bad{color:var(--bad)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px}
figure{margin:0;padding:14px 16px 8px;min-width:0}
figure.large{grid-column:1/-1;overflow-x:auto}
figure.large svg{min-width:640px}
figcaption{font-weight:600;margin-bottom:6px}
figcaption small{font-weight:400;color:var(--muted);margin-left:4px}
svg{display:block;width:100%;height:auto}
.note{color:var(--muted);font-size:13px;margin:14px 2px 28px}
details{margin-bottom:10px;padding:10px 18px;overflow-x:auto}
summary{cursor:pointer;font-weight:600}
table{border-collapse:collapse;margin:10px 0 6px;font-size:13px;width:100%}
th{font-weight:400;color:var(--muted);text-align:left;padding:3px 24px 3px 0;vertical-align:top;white-space:nowrap;width:1%}
td{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
table.wide th{white-space:normal;width:auto;min-width:220px}
table.wide tr:first-child th{min-width:0;white-space:nowrap}
table.wide td{white-space:nowrap;padding-right:20px}
tr+tr{border-top:1px solid var(--line)}
@media print{body{background:none}details{break-inside:avoid}}
`;
