import { describe, expect, it } from "vitest";
import * as z from "zod";
import { flagsFromSchema, parseConfig } from "./config.ts";
import { UsageError } from "./errors.ts";

const schema = z.strictObject({
  env: z.string().min(1).describe("the task"),
  gamma: z.number().min(0).max(1).default(0.99).describe("discount factor"),
  tau: z.number().gt(0).lt(1).default(0.005),
  steps: z.int().positive().default(1_000_000),
  hidden: z.array(z.int().positive()).min(1).default([256, 256]).describe("widths of the hidden layers"),
  head: z.enum(["era", "maxent"]).default("era"),
  autoReset: z.boolean().default(true).describe("reset at the end"),
  alpha: z.union([z.number().positive(), z.literal("auto")]).default("auto"),
  clip: z.number().nullable().default(null),
  batch: z.int().multipleOf(8).optional(),
  entropy: z
    .strictObject({ perDim: z.number().default(0.25), of: z.enum(["gaussian", "policy"]).default("gaussian") })
    .prefault({})
    .refine(({ perDim }) => perDim < 0.69, {
      path: ["perDim"],
      message: "no policy on [-1, 1] has more than log 2 = 0.693 nat",
    }),
});

const messageOf = (...sources: Record<string, unknown>[]): string => {
  try {
    parseConfig(schema, ...sources);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

describe("flagsFromSchema", () => {
  const flags = new Map(flagsFromSchema(schema).map((flag) => [flag.name, flag]));

  it("names a flag for each field, nested ones flattened, in the schema's order", () => {
    expect([...flags.keys()]).toEqual(
      "env gamma tau steps hidden head auto-reset alpha clip batch entropy-per-dim entropy-of".split(" "),
    );
  });

  it("says how each is used", () => {
    expect([...flags.values()].map((flag) => flag.usage)).toEqual([
      "--env <text>",
      "--gamma <number>",
      "--tau <number>",
      "--steps <number>",
      "--hidden <number,…>",
      "--head <era|maxent>",
      "--auto-reset",
      "--alpha <number|auto>",
      "--clip <number|none>",
      "--batch <number>",
      "--entropy-per-dim <number>",
      "--entropy-of <gaussian|policy>",
    ]);
    expect(flags.get("auto-reset")?.isSwitch).toBe(true);
  });

  it("says what is allowed and the default", () => {
    expect(flags.get("gamma")?.help).toBe("discount factor (a number from 0 to 1; default 0.99)");
    expect(flags.get("tau")?.allowed).toBe("a number above 0 and below 1");
    expect(flags.get("hidden")?.help).toBe(
      "widths of the hidden layers (whole numbers above 0, separated by commas (at least 1); default 256,256)",
    );
    expect(flags.get("head")?.help).toBe("(one of era, maxent; default era)");
    expect(flags.get("auto-reset")?.help).toBe("reset at the end (default true)");
    expect(flags.get("env")?.help).toBe("the task (a text that isn't empty; required)");
    expect(flags.get("alpha")?.allowed).toBe("a number above 0, or auto");
    expect(flags.get("batch")?.allowed).toBe("a whole number divisible by 8");
    expect(flags.get("clip")?.default).toBe(null);
    expect(flags.get("entropy-per-dim")?.default).toBe(0.25);
  });

  it("refuses a schema that flags can't express", () => {
    expect(() => flagsFromSchema(z.object({ table: z.record(z.string(), z.number()) }))).toThrow(
      "the field table can't be a flag",
    );
    expect(() => flagsFromSchema(z.object({ aB: z.string(), a: z.object({ b: z.string() }) }))).toThrow(
      "the flag --a-b",
    );
  });
});

describe("parseConfig", () => {
  it("fills in every default", () => {
    expect(parseConfig(schema, { env: "Hopper-v5" })).toEqual({
      env: "Hopper-v5",
      gamma: 0.99,
      tau: 0.005,
      steps: 1_000_000,
      hidden: [256, 256],
      head: "era",
      autoReset: true,
      alpha: "auto",
      clip: null,
      entropy: { perDim: 0.25, of: "gaussian" },
    });
  });

  it("reads text as the command line gives it", () => {
    const config = parseConfig(schema, {
      env: "7",
      gamma: "0.5",
      steps: "2e4",
      hidden: "64, 32",
      autoReset: false,
      alpha: "0.2",
      clip: "none",
      entropyPerDim: "-1",
      "entropy-of": "policy",
    });
    expect(config).toMatchObject({
      env: "7",
      gamma: 0.5,
      steps: 20000,
      hidden: [64, 32],
      autoReset: false,
      alpha: 0.2,
      clip: null,
    });
    expect(config.entropy).toEqual({ perDim: -1, of: "policy" });
    expect(parseConfig(schema, { env: "x", autoReset: "false", alpha: "auto" })).toMatchObject({
      autoReset: false,
      alpha: "auto",
    });
  });

  it("lets later sources win, and skips what is undefined", () => {
    const file = { env: "Ant-v5", gamma: 0.9, entropy: { perDim: 0.1 } };
    const config = parseConfig(schema, file, { gamma: "0.8", entropyOf: "policy", tau: undefined });
    expect(config).toMatchObject({ env: "Ant-v5", gamma: 0.8, tau: 0.005, entropy: { perDim: 0.1, of: "policy" } });
  });

  it("what it returned is a source that gives the same again", () => {
    const config = parseConfig(schema, { env: "Ant-v5", hidden: "8", clip: "3" });
    expect(parseConfig(schema, JSON.parse(JSON.stringify(config)))).toEqual(config);
  });

  const env = "Ant-v5";
  const cases: [string, Record<string, unknown>, string][] = [
    ["a value out of range", { env, gamma: "1.5" }, "--gamma 1.5: must be a number from 0 to 1"],
    ["a value on an open bound", { env, tau: 0 }, "--tau 0: must be a number above 0 and below 1"],
    ["no number", { env, gamma: "high" }, "--gamma high: must be a number from 0 to 1"],
    ["an empty number", { env, gamma: "" }, '--gamma "": must be a number from 0 to 1'],
    ["NaN", { env, gamma: "NaN" }, "--gamma NaN: must be a number from 0 to 1"],
    ["infinity", { env, clip: "Infinity" }, "--clip Infinity: must be a number, or none"],
    ["a fraction", { env, steps: "1.5" }, "--steps 1.5: must be a whole number above 0"],
    [
      "a bad item",
      { env, hidden: "64,-2" },
      "--hidden 64,-2: must be whole numbers above 0, separated by commas (at least 1)",
    ],
    ["no items", { env, hidden: "" }, '--hidden "": must be whole numbers above 0, separated by commas (at least 1)'],
    ["an unknown word", { env, head: "sera" }, "--head sera: must be one of era, maxent"],
    ["neither number nor word", { env, alpha: "aut" }, "--alpha aut: must be a number above 0, or auto"],
    ["no boolean", { env, autoReset: "maybe" }, "--auto-reset maybe: must be true or false"],
    [
      "an impossible combination",
      { env, entropyPerDim: "0.8" },
      "--entropy-per-dim 0.8: no policy on [-1, 1] has more than log 2 = 0.693 nat",
    ],
    ["an unknown flag", { env, gama: "1" }, "--gama: unknown flag; did you mean --gamma?"],
    [
      "an unknown nested flag",
      { env, entropy: { perdim: 1 } },
      "--entropy-perdim: unknown flag; did you mean --entropy-per-dim?",
    ],
    ["a flag like no other", { env, learningRate: "1" }, "--learning-rate: unknown flag; see --help for all of them"],
    ["a missing one", {}, "--env is required: a text that isn't empty"],
    ["an empty one", { env: "" }, `--env "": must be a text that isn't empty`],
  ];
  for (const [what, raw, message] of cases) {
    it(`names ${what}`, () => expect(messageOf(raw)).toBe(message));
  }
});
