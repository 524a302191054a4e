import { UsageError } from "./errors.ts";

/**
 * The error for a name that isn't one of those allowed: suggests the likeliest and lists them all.
 *
 * @param what the kind of thing, such as "environment"
 * @param lister what lists them instead, where they are too many for a line, such as "npx era envs"
 */
export function unknownName(what: string, name: string, allowed: readonly string[], lister?: string): UsageError {
  const near = closestName(name, allowed);
  const all = lister === undefined ? `allowed: ${allowed.join(", ")}` : `all ${allowed.length}: ${lister}`;
  const hint = near === undefined ? all : `did you mean ${near}? ${all.charAt(0).toUpperCase()}${all.slice(1)}`;
  return new UsageError(`unknown ${what} ${JSON.stringify(name)}; ${hint}`);
}

/** The allowed name that takes the fewest edits to reach, if it is near enough to be what was meant. */
export function closestName(name: string, allowed: readonly string[]): string | undefined {
  let closest: string | undefined;
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 0.5;
  for (const candidate of allowed) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) [closest, fewest] = [candidate, edits];
  }
  return closest;
}

/** Levenshtein's distance: insertions, deletions and substitutions from one text to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const [above = 0, diagonal = 0, left = 0] = [row[column], row[column - 1], next[column - 1]];
      next.push(Math.min(above + 1, left + 1, diagonal + (letter === to[column - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
