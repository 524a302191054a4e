import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FailureError, UsageError } from "@era/lab";
import { beforeEach, describe, expect, test } from "vitest";
import { EnvError } from "../env.ts";
import { loadMujoco } from "../mujoco.ts";
import { Simulation } from "../simulation.ts";
import { addSuite } from "./addSuite.ts";
import { downloadSuite } from "./downloadSuite.ts";
import { type ModelSuite, missingModel, sha256, suiteFile, suiteModel } from "./modelSuite.ts";
import { dmControlModels, humanoidBenchModels } from "./modelSuites.ts";
import { registeredFolder } from "./registeredFolders.ts";
import { useEraHome } from "./sharedSuites.fixture.ts";

const home = useEraHome();

/** A tetrahedron whose mesh lies in another folder than the model that uses it, and a part that is included. */
const contents: Readonly<Record<string, string>> = {
  "robots/pyramid.xml": `<mujoco><include file="../common/world.xml"/><asset><mesh name="m" file="../meshes/m.obj"/></asset>
    <worldbody><body name="pyramid"><joint type="slide"/><geom type="mesh" mesh="m"/></body></worldbody></mujoco>`,
  "common/world.xml": `<mujoco><option timestep="0.25"/></mujoco>`,
  "meshes/m.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n",
};

const suite: ModelSuite = {
  name: "pyramids",
  release: "pyramids 1.2",
  layouts: [".", "pyramids/assets"],
  files: Object.fromEntries(Object.entries(contents).map(([path, text]) => [path, sha256(Buffer.from(text))])),
};

let folders = 0;

/** Writes the suite's files to a new folder, in `below` of it. */
function checkout(below: string, leaveOut?: string): string {
  const root = join(realpathSync(home), `checkout-${folders++}`);
  mkdirSync(root);
  for (const [path, text] of Object.entries(contents)) {
    if (path === leaveOut) continue;
    mkdirSync(dirname(join(root, below, path)), { recursive: true });
    writeFileSync(join(root, below, path), text);
  }
  return root;
}

beforeEach(() => writeFileSync(join(home, "suites.json"), "{}"));

describe("adding a suite", () => {
  test.each([
    ".",
    "pyramids/assets",
    "lib/python3.12/site-packages/pyramids/assets",
    "Lib/site-packages/pyramids/assets",
  ])("finds the models in %s of the folder that is given", (below) => {
    const root = checkout(below);
    expect(addSuite(suite, root)).toBe(join(root, below));
    expect(registeredFolder("pyramids")).toBe(join(root, below));
  });

  test("keeps the other suites' folders", () => {
    const [one, other] = [checkout("."), checkout(".")];
    addSuite(suite, one);
    addSuite({ ...suite, name: "others" }, other);
    expect([registeredFolder("pyramids"), registeredFolder("others")]).toEqual([one, other]);
  });

  test("refuses, and registers nothing, where there is no folder, no model, or not every file as it was published", () => {
    const refused = (from: string, message: string) =>
      expect(() => addSuite(suite, from)).toThrow(new UsageError(`--from: ${message}`));
    refused(join(home, "nowhere"), `there is no folder ${join(home, "nowhere")}`);
    refused(home, `no models of pyramids in ${home}; looked there and in pyramids/assets`);
    const incomplete = checkout(".", "meshes/m.obj");
    writeFileSync(join(incomplete, "common/world.xml"), "<mujoco/>");
    refused(
      incomplete,
      `${incomplete} is not what pyramids 1.2 has: 1 of 3 files missing, 1 changed (meshes/m.obj, common/world.xml)`,
    );
    expect(registeredFolder("pyramids")).toBeUndefined();
  });

  test("a damaged file of registered suites is named", () => {
    writeFileSync(join(home, "suites.json"), "{ half");
    expect(() => registeredFolder("pyramids")).toThrow(FailureError);
    expect(() => registeredFolder("pyramids")).toThrow(`${join(home, "suites.json")} is damaged`);
  });
});

describe("downloading", () => {
  test("is refused where no wheel holds the models, and where there is no such Python", async () => {
    await expect(downloadSuite(humanoidBenchModels, "python3")).rejects.toThrow(
      new UsageError("--pip: no wheel holds the models of humanoid_bench; use --from with a checkout of its sources"),
    );
    await expect(downloadSuite(dmControlModels, "no-such-python")).rejects.toThrow(
      new UsageError("--python: there is no no-such-python; name an interpreter that has pip"),
    );
  });

  /** A Python whose pip leaves a file in place of a wheel, and whose zipfile unpacks a folder in place of that file. */
  function python(unpacked: string): string {
    const file = join(home, `python-${folders++}.mjs`);
    const script = `#!${process.execPath}
import { cpSync, writeFileSync } from "node:fs";
const [, module, ...rest] = process.argv.slice(2);
if (module === "pip") writeFileSync(rest[rest.indexOf("--dest") + 1] + "/" + rest.at(-1).replace("==", "-") + "-py3-none-any.whl", "");
else cpSync(${JSON.stringify(unpacked)}, rest.at(-1), { recursive: true });
`;
    writeFileSync(file, script, { mode: 0o755 });
    return file;
  }

  const wheel = { requirement: "pyramids==1.2", folder: "pyramids/assets" };

  test("keeps and registers the wheel's models; nothing else stays", async () => {
    const unpacked = checkout("pyramids/assets");
    writeFileSync(join(unpacked, "pyramids", "tasks.py"), "");
    const folder = join(realpathSync(home), "pyramids");
    for (const _ of ["first", "again"]) {
      expect(await downloadSuite({ ...suite, wheel }, python(unpacked))).toBe(folder);
      expect(readdirSync(folder, { recursive: true }).sort()).toEqual(
        ["common", "meshes", "robots", ...Object.keys(contents)].sort(),
      );
      expect(registeredFolder("pyramids")).toBe(folder);
    }
    expect(readdirSync(home).filter((name) => name.includes("download"))).toEqual([]);
  });

  test("of a wheel that is not the suite's leaves what was registered before", async () => {
    const before = checkout(".");
    addSuite(suite, before);
    const failing = downloadSuite({ ...suite, wheel }, python(checkout("pyramids/assets", "meshes/m.obj")));
    await expect(failing).rejects.toThrow(
      new FailureError(
        "--pip: pyramids-1.2-py3-none-any.whl is not what pyramids 1.2 has: 1 of 3 files missing (meshes/m.obj)",
      ),
    );
    expect(registeredFolder("pyramids")).toBe(before);
  });

  test("tells why it failed in one line", async () => {
    // Node itself in Python's place: it does not know the flags and exits with an error.
    const failing = downloadSuite(dmControlModels, process.execPath);
    await expect(failing).rejects.toThrow(FailureError);
    await expect(failing).rejects.toThrow(/^--pip: \S+ -m pip download failed: [^\n]+$/);
  });
});

describe("a registered model", () => {
  test("compiles with what it includes and its meshes from other folders; it may be edited first", async () => {
    addSuite(suite, checkout("."));
    const mujoco = await loadMujoco();
    const plain = new Simulation(mujoco, "pyramid", suiteModel(suite, "robots/pyramid.xml"));
    expect([plain.timestep, plain.nv, plain.nbody, plain.model.nmesh]).toEqual([0.25, 1, 2, 1]);
    const edit = (xml: string) => xml.replace('<joint type="slide"/>', "<freejoint/>");
    const edited = new Simulation(
      mujoco,
      "pyramid",
      suiteModel(suite, "robots/pyramid.xml", { edits: { "robots/pyramid.xml": edit } }),
    );
    expect(edited.nv).toBe(6);
    for (const simulation of [plain, edited]) simulation.close();
  });

  test("takes no more files than it uses; without one that it needs, MuJoCo's reason is one line", async () => {
    addSuite(suite, checkout("."));
    const uses = (path: string) => path.startsWith("common/");
    const model = suiteModel(suite, "robots/pyramid.xml", { uses });
    expect([...model.files.keys()]).toEqual(["robots/pyramid.xml", "common/world.xml"]);
    const mujoco = await loadMujoco();
    expect(() => new Simulation(mujoco, "pyramid", model)).toThrow(/^pyramid: .*does not compile: .*m\.obj.*$/);
  });

  test("that is missing says which command adds it; one that was changed since is refused", () => {
    const command = "era models add pyramids --from <folder>";
    expect(missingModel(suite, "robots/pyramid.xml")).toBe(
      `the models of pyramids are not on this machine; add them with: ${command}`,
    );
    const root = checkout(".");
    addSuite(suite, root);
    expect(missingModel(suite, "robots/pyramid.xml")).toBeUndefined();
    expect(suiteFile(suite, "common/world.xml").toString()).toBe(contents["common/world.xml"]);

    const world = join(root, "common/world.xml");
    writeFileSync(world, readFileSync(world, "utf8").replace("0.25", "0.5"));
    expect(() => suiteModel(suite, "robots/pyramid.xml")).toThrow(
      new EnvError(`${world} is not the file of pyramids 1.2; add the models again with: ${command}`),
    );
    renameSync(root, `${root}-moved`);
    expect(missingModel(suite, "robots/pyramid.xml")).toBe(
      `${join(root, "robots/pyramid.xml")} is gone; add the models of pyramids again with: ${command}`,
    );
  });
});
