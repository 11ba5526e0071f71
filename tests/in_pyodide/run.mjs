// Run a Python file in Pyodide, with folders of this machine mounted in it.
//
//     node run.mjs PYODIDE script.py /there=folder ... -- argument ...
//
// PYODIDE is the folder of the npm package; the exit code is that of the script.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, script, ...rest] = process.argv.slice(2);
const split = rest.includes("--") ? rest.indexOf("--") : rest.length;
const { loadPyodide } = await import(pathToFileURL(resolve(join(folder, "pyodide.mjs"))));
const python = await loadPyodide({ args: [script, ...rest.slice(split + 1)] });
for (const mount of rest.slice(0, split)) {
  const [there, here] = mount.split("=");
  python.mountNodeFS(there, resolve(here));
}
process.exitCode = python.runPython(readFileSync(script, "utf-8"));
