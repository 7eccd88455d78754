/**
 * Targets per assistant turn: the terminal reward r_T is 1 when the hidden tests pass, else 0, and r_t = gamma * r_{t+1}; t counts assistant turns. So turn t of T has
 * gamma^(T - t) * outcome, and a failed attempt has zeros. Source: the OpenHands critic of April 2025. Pure.
 */
export const DEFAULT_GAMMA = 0.99;

export function tdTargets(turns: number, resolved: boolean, gamma: number = DEFAULT_GAMMA): number[] {
  return Array.from({ length: turns }, (_, at) => (resolved ? gamma ** (turns - 1 - at) : 0));
}
