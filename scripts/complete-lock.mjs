/**
 * Completes package-lock.json after `npm install` against a registry that lacks builds for other platforms: npm leaves those optional packages
 * out, and `npm ci` then refuses the lock. Adds an entry for each, with platform read from its name; integrity is left to the registry.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const packages = lock.packages;
for (const owner of Object.values({ ...packages })) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    const platform = name.split('/').pop() ?? '';
    const os = /android|darwin|win32|freebsd|openbsd|netbsd|sunos|aix|linux|openharmony/.exec(platform)?.[0];
    const cpu = /arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el/.exec(platform)?.[0];
    if (packages[key] !== undefined || os === undefined || cpu === undefined) continue;
    packages[key] = {
      version,
      cpu: [cpu],
      ...(owner.dev ? { dev: true } : {}),
      license: owner.license,
      optional: true,
      os: [os],
    };
    if (os === 'linux') packages[key].libc = [platform.includes('musl') ? 'musl' : 'glibc'];
    console.log(`added ${name}@${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
