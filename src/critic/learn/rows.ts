/** Training rows: features, targets in [0, 1] and weights, side by side. */
export interface Rows {
  /** Equal lengths; NaN where a value is missing. */
  x: readonly ArrayLike<number>[];
  y: ArrayLike<number>;
  weight: ArrayLike<number>;
}
