/** The line protocol (../README.md) that `era bench` speaks with every JavaScript peer. */

import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

/** Keeps standard output for the protocol alone: whatever a library prints goes to standard error instead. */
function privateStdout() {
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return (message) => writeSync(1, `${JSON.stringify(message)}\n`);
}

function oneLine(error) {
  return String(error instanceof Error ? `${error.name}: ${error.message}` : error)
    .split("\n")[0]
    .slice(0, 500);
}

/** The version of a library, pinned in this folder's package.json. */
export function versionOf(library) {
  return JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")).dependencies[library];
}

/**
 * Runs a peer to its end. `start(configuration)` compiles and warms up; it returns the fields of the "ready" line and, by
 * request name, (possibly async) functions from the request's value to the answer.
 */
export async function serve(start) {
  const send = privateStdout();
  let handlers;
  try {
    if (process.argv.length !== 3) throw new Error(`usage: ${process.argv[1]} JSON (see bench/peers/README.md)`);
    const started = await start(JSON.parse(process.argv[2]));
    handlers = started.handlers;
    send({ ready: true, ...started.ready });
  } catch (error) {
    send({ error: oneLine(error) });
    process.exit(1);
  }
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = JSON.parse(line);
      if ("quit" in request) break;
      const name = Object.keys(handlers).find((name) => name in request);
      if (name === undefined) {
        throw new Error(`unknown request ${line.slice(0, 100)}; allowed: ${Object.keys(handlers).join(", ")}, quit`);
      }
      send(await handlers[name](request[name]));
    } catch (error) {
      send({ error: oneLine(error) });
    }
  }
  process.exit(0);
}
