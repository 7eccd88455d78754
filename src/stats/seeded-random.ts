/** Random numbers that are the same on every machine for the same seed. Pure. */

export interface SeededRandom {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Uniform among 0 .. n - 1. */
  below(n: number): number;
  /** Standard normal. */
  normal(): number;
}

/** Generator sfc32 (Doty-Humphrey, PractRand), warmed up. Not for secrets. */
export function seededRandom(seed: number): SeededRandom {
  let [a, b, c, counter] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 1];
  const uniform = () => {
    const sum = (((a + b) | 0) + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 16; i++) uniform();
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    // Box and Muller (1958); 1 - u is never 0.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}
