/** What a model is asked: a problem as a conversation or as plain text, with worked examples before it where that is asked for. */
import { type Problem, withInstruction } from "../data/problems.ts";
import type { ChatMessage, TextTokenizer } from "../tokenizer/textTokenizer.ts";

/** How a model is asked: by its chat template, with `Question: …` and `Answer:`, or with the problem's text as it is. */
export type PromptForm = "chat" | "question" | "raw";

export interface PromptStyle {
  readonly form: PromptForm;
  readonly system?: string | undefined;
  /** Put behind each problem; may be empty. */
  readonly instruction: string;
  /** Problems whose solutions are shown first (not in raw form). */
  readonly shots: readonly Problem[];
}

export interface Prompt {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Where a model that goes on after its answer begins the next problem, in plain text. */
const nextQuestion = "\nQuestion:";

/** @throws UsageError where the style is a chat and the model has no template, or the template refuses the conversation */
export function promptOf(tokenizer: TextTokenizer, { text }: Problem, style: PromptStyle): Prompt {
  const asked = (problem: string) => withInstruction(problem, style.instruction);
  if (style.form === "chat") {
    const messages: ChatMessage[] = [
      ...(style.system === undefined ? [] : [{ role: "system", content: style.system }]),
      ...style.shots.flatMap((shot) => [
        { role: "user", content: asked(shot.text) },
        { role: "assistant", content: solutionOf(shot) },
      ]),
      { role: "user", content: asked(text) },
    ];
    const rendered = tokenizer.renderChat(messages);
    // The template has all special tokens in it.
    return { text: rendered, tokens: tokenizer.encode(rendered, { specials: false }) };
  }
  if (style.form === "raw") return { text: asked(text), tokens: tokenizer.encode(asked(text)) };
  const shown = style.shots.map((shot) => `Question: ${shot.text}\nAnswer: ${solutionOf(shot)}\n\n`);
  const whole = `${shown.join("")}Question: ${asked(text)}\nAnswer:`;
  return { text: whole, tokens: tokenizer.encode(whole) };
}

/** A response without the next question that a model in plain text goes on with. */
export const withoutNext = (response: string, { form }: PromptStyle): string =>
  form === "question" ? (response.split(nextQuestion)[0] ?? response) : response;

/** A problem's worked solution: GSM8K's without its calculator's marks, MATH's, or the bare answer in a sentence. */
function solutionOf({ fields, answer }: Problem): string {
  const { solution, answer: given } = fields;
  if (typeof given === "string" && given.includes("####")) return given.replace(/<<[^<>]*>>/g, "");
  const [first] = Array.isArray(solution) ? solution : [solution];
  return typeof first === "string" ? first : `The answer is ${answer}.`;
}
