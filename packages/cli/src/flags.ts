/** Flags of a command from a zod schema: one source for the settings file, the command line and `--help`. */
import { flagsFromSchema } from "@era/lab";
import { type Command, Option } from "commander";
import type { ZodObject } from "zod";

/** Adds every setting of the schema to the command. Values stay text: `parseConfig` reads and checks them. */
export function addFlags(command: Command, schema: ZodObject): void {
  for (const { usage, help, isSwitch, name } of flagsFromSchema(schema)) {
    command.addOption(new Option(usage, help));
    if (isSwitch) command.addOption(new Option(`--no-${name}`).hideHelp());
  }
}

/** What was given of the schema's settings, by property name as commander has it. */
export function givenFlags(options: Readonly<Record<string, unknown>>, schema: ZodObject): Record<string, unknown> {
  const names = new Set(flagsFromSchema(schema).map(({ name }) => camelCase(name)));
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => names.has(name) && value !== undefined));
}

/** A flag's name as commander and the settings have it: "batch-size" is "batchSize". */
export const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Settings named on the command line, separated by commas; none where nothing was given. */
export const settingNames = (text: string | undefined): string[] => text?.split(",").map(camelCase) ?? [];
