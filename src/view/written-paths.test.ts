import { expect, test } from 'vitest';
import { writtenPaths } from './written-paths.ts';

test.each<[string, string[]]>([
  ["sed -i 's/a;b|c > d/e/' src/app.py", ['src/app.py']],
  ["sed -i.bak -e 's/x/y/g' src/a.py src/b.py && cat src/a.py", ['src/a.py', 'src/b.py']],
  ['sed -i s/old/new/ lib/x.js; ls', ['lib/x.js']],
  ["sed -n '1,40p' src/app.py", []],
  ['grep -rn "a -> b" src 2>/dev/null | head', []],
  ['pytest tests/x.py > out.txt 2>&1', ['out.txt']],
  ["cat > src/new.py <<'EOF'\nif a > b:\n  pass\nEOF\npython src/new.py", ['src/new.py']],
  ['cat <<EOF >> "notes and more.md"\nx > y\nEOF', ['notes and more.md']],
  ['echo 1 | tee -a log/out.log', ['log/out.log']],
  ["python - <<'PY'\np = 'x'\nwith open('src/app.py', 'w') as f:\n  f.write(p)\nPY", ['src/app.py']],
  ['python3 -c "open(\'src/app.py\').read()"', []],
  ["python3 -c \"from pathlib import Path; Path('a/b.py').write_text('')\"", ['a/b.py']],
  ['node -e \'fs.writeFileSync("a.json", "{}")\'', ['a.json']],
  ['test 1 -gt 0 && echo $((3 >= 2)) => x', []],
  ['cmd >&2', []],
])('%j writes %j', (command, paths) => {
  expect(writtenPaths(command)).toEqual(paths);
});

test('takes no time over a long line of what it looks for', () => {
  const began = performance.now();
  for (const piece of ["'", '> ', 'sed -i ', '<<EOF\n', 'open(', 'tee ']) writtenPaths(piece.repeat(20_000));
  expect(performance.now() - began).toBeLessThan(2_000);
});
