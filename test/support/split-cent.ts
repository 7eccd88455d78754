/** A bundled task for scripts that solve it with one edit. */

export const TASK = 'pennyledger-split-cent';
/** Input of the edit tool that solves it. */
export const FIX = {
  command: 'str_replace',
  path: '/testbed/src/allocate.js',
  old_str: '  return weights.map((weight) => Math.round((total * weight) / sum));\n',
  new_str: `  const sign = total < 0 ? -1 : 1;
  const amount = Math.abs(total);
  const parts = weights.map((weight) => Math.floor((amount * weight) / sum));
  let left = amount - parts.reduce((all, part) => all + part, 0);
  for (let index = 0; left > 0; index++) {
    if (weights[index] === 0) continue;
    parts[index] += 1;
    left -= 1;
  }
  return parts.map((part) => (part === 0 ? 0 : sign * part));
`,
};
