/** `\boxed{…}` in a text. */

const command = /\\(?:boxed|fbox)(?![a-zA-Z])/y;
const oneToken = / *([^\s${}\\]*[^\s${}\\.,;:])/y;

/** A brace that is open, and where its box began; undefined of a brace that is no box's. */
interface Open {
  readonly box: number | undefined;
  readonly content: number;
}

/**
 * What the last `\boxed{…}` (or `\fbox{…}`) of a text holds, nested braces included; undefined where there is none that is closed. `\boxed 5` holds
 * what follows up to a space or dollar sign, as TeX's one-token form is often written. One pass over the text, whatever is in it.
 */
export function lastBoxed(text: string): string | undefined {
  const open: Open[] = [];
  let last: { readonly box: number; readonly content: string } | undefined;
  const found = (box: number, content: string) => {
    if (last === undefined || box > last.box) last = { box, content };
  };
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push({ box: undefined, content: i + 1 });
    else if (text[i] === "}") {
      const { box, content = 0 } = open.pop() ?? {};
      if (box !== undefined) found(box, text.slice(content, i));
    } else if (text[i] === "\\") {
      command.lastIndex = i;
      const [name] = command.exec(text) ?? [];
      if (name === undefined) {
        // \{ opens nothing.
        if (text[i + 1] === "{" || text[i + 1] === "}") i++;
        continue;
      }
      const end = i + name.length;
      if (text[end] === "{") open.push({ box: i, content: end + 1 });
      else {
        oneToken.lastIndex = end;
        const [, token] = oneToken.exec(text) ?? [];
        if (token !== undefined) found(i, token);
      }
      i = text[end] === "{" ? end : end - 1;
    }
  }
  return last?.content;
}
