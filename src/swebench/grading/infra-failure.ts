/** Signs in a log that the surroundings failed, not the patch. Advisory: they never change a verdict. */

export interface InfraFailure {
  reason: string;
  /** `ambiguous`: a patch may cause it too. */
  tier: 'environment' | 'ambiguous';
}

/** Asked in this order; the first that matches counts. */
const SIGNS: readonly (readonly [reason: string, tier: InfraFailure['tier'], sign: RegExp])[] = [
  ['browser_launch_failed', 'environment', /Failed to launch|Failed to connect to the bus/],
  ['display_unavailable', 'environment', /cannot open display|Missing X server|unable to open X display/],
  ['out_of_memory', 'environment', /Cannot allocate memory|OutOfMemoryError|(?<![^\n])Killed(?![^\n])/],
  ['container_unavailable', 'environment', /Error response from daemon|Cannot connect to the Docker daemon/],
  ['network_unreachable', 'environment', /Could not resolve host|Temporary failure in name resolution/],
  ['missing_module', 'ambiguous', /Cannot find module|MODULE_NOT_FOUND|ModuleNotFoundError/],
  ['no_tests_collected', 'ambiguous', /no tests ran|collected 0 items/],
  ['tests_timed_out', 'ambiguous', /Timeout error: \d+ seconds exceeded/],
];

export function infraFailure(log: string): InfraFailure | undefined {
  const found = SIGNS.find(([, , sign]) => sign.test(log));
  return found && { reason: found[0], tier: found[1] };
}
