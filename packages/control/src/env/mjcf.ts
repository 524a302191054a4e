/** What an MJCF attribute may be: vectors are written with spaces between their elements, as MuJoCo reads them. */
export type AttributeValue = string | number | boolean | readonly number[];

/**
 * One MJCF element as text. Numbers are written with all their digits, so a model compiles to the numbers that stand in the source.
 *
 * @example element("geom", { type: "capsule", size: [0.05, 0.2] }) // <geom type="capsule" size="0.05 0.2"/>
 */
export function element(
  tag: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  ...children: string[]
): string {
  const written = Object.entries(attributes).map(
    ([name, value]) => ` ${name}="${Array.isArray(value) ? value.join(" ") : value}"`,
  );
  return children.length === 0
    ? `<${tag}${written.join("")}/>`
    : `<${tag}${written.join("")}>${children.join("")}</${tag}>`;
}
