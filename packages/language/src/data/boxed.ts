/** `\boxed{…}` in a text. */

/**
 * What the last `\boxed{…}` (or `\fbox{…}`) of a text holds, nested braces included; undefined where there is none that is closed. `\boxed 5` holds
 * what follows up to a space or dollar sign, as TeX's one-token form is often written.
 */
export function lastBoxed(text: string): string | undefined {
  for (let at = text.length; at > 0; ) {
    const start = Math.max(text.lastIndexOf("\\boxed", at - 1), text.lastIndexOf("\\fbox", at - 1));
    if (start < 0) return undefined;
    const content = boxedAt(text, start);
    if (content !== undefined) return content;
    at = start;
  }
  return undefined;
}

function boxedAt(text: string, start: number): string | undefined {
  const open = start + (text.startsWith("\\boxed", start) ? "\\boxed".length : "\\fbox".length);
  if (text[open] !== "{") return /^ *([^\s${}\\]*[^\s${}\\.,;:])/.exec(text.slice(open, open + 100))?.[1];
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    // A backslash takes the next character with it: \{ opens nothing.
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(open + 1, i);
  }
  return undefined;
}
