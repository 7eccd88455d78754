/** A program for Node, read from stdin: prints, of all coverage that Node left in a folder, the functions of the named files, as JSON lines of `[path, functions]`. Coverage of everything that ran would be too much to fetch. */
export const NODE_READER = String.raw`const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

const targets = new Set(process.env.ASSAY_COVERAGE_FILES.split('\n'));
const folder = process.env.ASSAY_COVERAGE_FOLDER;

function pathOf(url) {
  if (url.startsWith('file://')) return fileURLToPath(url.replace(/[?#].*$/, ''));
  return url;
}

for (const name of fs.readdirSync(folder)) {
  if (!name.endsWith('.json')) continue;
  let document;
  try {
    document = JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'));
  } catch {
    continue; // a process was killed while it wrote
  }
  for (const { url, functions } of document.result) {
    const file = pathOf(url);
    if (targets.has(file)) console.log(JSON.stringify([file, functions]));
  }
}
`;
