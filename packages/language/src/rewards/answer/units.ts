/** Units of measurement that answers are written with. */

/** Each unit's ways of writing, plurals aside. */
const writings: readonly (readonly string[])[] = [
  ["mm", "millimeter", "millimetre"],
  ["cm", "centimeter", "centimetre"],
  ["m", "meter", "metre"],
  ["km", "kilometer", "kilometre"],
  ["in", "inch", "inche"],
  ["ft", "foot", "feet"],
  ["yd", "yard"],
  ["mi", "mile"],
  ["mg", "milligram"],
  ["g", "gram"],
  ["kg", "kilogram"],
  ["lb", "pound"],
  ["oz", "ounce"],
  ["ms", "millisecond"],
  ["s", "sec", "second"],
  ["min", "minute"],
  ["h", "hr", "hour"],
  ["day"],
  ["week"],
  ["month"],
  ["year", "yr"],
  ["ml", "milliliter", "millilitre"],
  ["l", "liter", "litre"],
  ["km/h", "kph", "kmh", "kilometers per hour"],
  ["mph", "miles per hour"],
  ["m/s", "meters per second"],
  ["cent", "¢"],
  ["dollar", "usd"],
  ["degree", "deg"],
  ["radian", "rad"],
];
const canonical = new Map(writings.flatMap((names) => names.map((name) => [name, names[0] ?? name])));

/** A unit under its one name, undefined where the words are none that is known; `squared` and `cubic` lengths and powers are kept. */
export function knownUnit(words: string): string | undefined {
  const text = words.toLowerCase().replace(/\s+/g, " ").trim();
  const worded = /^(square|sq\.?|cubic|cu\.?) (.*)$/.exec(text);
  const power = worded ? (worded[1]?.startsWith("s") ? 2 : 3) : Number(/\^\s*\{?(\d)\}?$/.exec(text)?.[1] ?? 1);
  const base = (worded?.[2] ?? text.replace(/\s*\^\s*\{?\d\}?$/, "")).replace(/\.$/, "");
  const unit = canonical.get(base) ?? canonical.get(base.replace(/s$/, ""));
  return unit === undefined ? undefined : power === 1 ? unit : `${unit}^${power}`;
}
