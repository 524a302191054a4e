/** The update of a language model, by imitation or by reward: AdamW on a loss's clipped gradient, over a batch in one part or in several. */
import {
  accumulate,
  adam,
  clipByGlobalNorm,
  compile,
  flatGradient,
  globalNorm,
  input,
  type Program,
  type ProgramSpec,
  type SessionOptions,
  type Tensor,
} from "@era/tensor";
import type { RowShape } from "./rows.ts";
import type { TokenScoreOptions } from "./tokenScores.ts";
import type { TrainedModel } from "./trainedModel.ts";

/** What every update is asked. */
export interface UpdateOptions extends RowShape {
  readonly weightDecay: number;
  readonly gradientClip: number;
  /** How memory is spared. */
  readonly memory: Pick<TokenScoreOptions, "checkpoint" | "chunk">;
  readonly session: SessionOptions;
}

/** Sessions of training: ONNX Runtime's one block for all values of a run would come on top of what the first run took. */
export const trainingSession = (session: SessionOptions): SessionOptions => ({ memoryPattern: false, ...session });

/** An update by `loss`, and what it reports. */
export interface UpdateSpec<K extends string> {
  readonly loss: Tensor;
  readonly outputs: ProgramSpec<K>["outputs"];
  /** Of the outputs, those that must be finite; the gradient's norm must be so always. */
  readonly guard: NonNullable<ProgramSpec<K>["guard"]>;
  /** Whether batches are in several parts, whose gradients are averaged. */
  readonly accumulates: boolean;
  readonly beta2?: number;
}

export class CompiledUpdate<K extends string> {
  /** Takes the last part of a batch, with the input `learningRate`, and changes the parameters. */
  readonly step: Program<K | "gradientNorm">;
  /** Takes each part before the last; undefined where there is one part. */
  readonly gather: Program<K> | undefined;

  private constructor(step: Program<K | "gradientNorm">, gather: Program<K> | undefined) {
    this.step = step;
    this.gather = gather;
  }

  static async compile<K extends string>(
    { state, parameters }: Pick<TrainedModel, "state" | "parameters">,
    { loss, outputs, guard, accumulates, beta2 }: UpdateSpec<K>,
    { weightDecay, gradientClip, session: given }: UpdateOptions,
  ): Promise<CompiledUpdate<K>> {
    const session = trainingSession(given);
    const gradient = flatGradient(loss, parameters);
    const parts = accumulates ? accumulate({ state, name: "gradient" }, gradient) : undefined;
    const whole = parts?.mean ?? gradient;
    const gradientNorm = globalNorm(whole);
    const { updates } = adam({ state, name: "optimizer" }, parameters.flat, clipByGlobalNorm(whole, gradientClip), {
      learningRate: input("learningRate", []),
      ...(beta2 !== undefined && { beta2 }),
      weightDecay,
    });
    const step = await compile<K | "gradientNorm">(
      {
        // TypeScript does not see that these are all the names of a generic record.
        outputs: { ...outputs, gradientNorm } as Readonly<Record<K | "gradientNorm", Tensor>>,
        updates: [...updates, ...(parts?.reset ?? [])],
        guard: [...guard, "gradientNorm"],
      },
      session,
    );
    const gather = parts && (await compile<K>({ outputs, updates: parts.gather, guard }, session));
    return new CompiledUpdate(step, gather);
  }

  async dispose(): Promise<void> {
    await this.step.dispose();
    await this.gather?.dispose();
  }
}
