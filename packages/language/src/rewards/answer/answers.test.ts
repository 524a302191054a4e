/** Every answer of the public data sets against itself, in other writings too, and against others that are near. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readProblems } from "../../data/problems.ts";
import { isEquivalent } from "./isEquivalent.ts";
import { perturbations, rewritings } from "./perturb.fixture.ts";

const folder = fileURLToPath(new URL("../../../../../../shared/data/math/", import.meta.url));
const isHere = existsSync(folder);
if (!isHere) console.warn(`skipped: the data sets of ${folder} are not here, so no answer of theirs is graded`);

test
  .skipIf(!isHere)
  .each(["gsm8k-train", "gsm8k-test", "math500", "minerva_math", "olympiadbench", "amc23", "aime24", "aime25"])(
  "every answer of %s is right, however it is written, and no other is",
  async (name) => {
    const problems = await readProblems(`${folder}${name}.jsonl`);
    const answers = [...new Set(problems.map(({ answer }) => answer))];
    const rewritten = answers.flatMap((answer) => rewritings(answer).map((text) => [text, answer] as const));
    const perturbed = answers.flatMap((answer) =>
      perturbations(answer).map(({ kind, text }) => [text, answer, kind] as const),
    );
    const wrong = {
      itself: answers.filter((answer) => !isEquivalent(answer, answer)),
      rewritten: rewritten.filter(([text, answer]) => !isEquivalent(text, answer)),
      perturbed: perturbed.filter(([text, answer]) => isEquivalent(text, answer)),
    };
    const count = new Map<string, number>();
    for (const [, , kind] of perturbed) count.set(kind, (count.get(kind) ?? 0) + 1);
    const kinds = [...count].map(([kind, times]) => `${kind} ${times}`);
    console.info(
      `${name}: ${answers.length} answers right, ${rewritten.length} other writings right, ${perturbed.length} others wrong (${kinds.join(", ")})`,
    );
    expect(wrong).toEqual({ itself: [], rewritten: [], perturbed: [] });
  },
);
