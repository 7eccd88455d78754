/** Short names of the published sets, in every spelling that commands of the reference accept. */

const ALIASES: readonly (readonly [id: string, names: readonly string[]])[] = [
  ['SWE-bench/SWE-bench', ['swe-bench', 'swebench', 'swe_bench', 'full', 'swe-bench-full']],
  ['SWE-bench/SWE-bench_Lite', ['swe-bench-lite', 'swebench-lite', 'swe_bench_lite', 'swe-bench_lite', 'lite']],
  ['SWE-bench/SWE-bench_Verified', ['verified', 'swe-bench-verified', 'swe-bench_verified', 'swebench-verified']],
  ['SWE-bench/SWE-bench_Multilingual', ['multilingual', 'swe-bench-multilingual', 'swe-bench_multilingual']],
  ['SWE-bench/SWE-bench_Multimodal', ['multimodal', 'swe-bench-multimodal', 'swe-bench_multimodal']],
];

/** The Hugging Face id behind an alias (any case, trimmed) or an id of the former organisation; other names as they are. */
export function resolveAlias(name: string): string {
  const plain = name.trim();
  const known = ALIASES.find(([, names]) => names.includes(plain.toLowerCase()));
  return known?.[0] ?? plain.replace(/^princeton-nlp\/(?=SWE-bench)/, 'SWE-bench/');
}

/** Is it one of the short names? They go before folders of the same name. */
export function isAlias(name: string): boolean {
  return ALIASES.some(([, names]) => names.includes(name.trim().toLowerCase()));
}

/** Does the name look like `owner/name` on Hugging Face? */
export function isHubId(name: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(name) && !name.startsWith('.');
}
