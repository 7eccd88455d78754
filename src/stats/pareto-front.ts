/** Indexes of the points that no other beats: none is at most as dear and at least as good, and better in one of both. In order of cost. Pure. */
export function paretoFront(points: readonly { cost: number; value: number }[]): number[] {
  const beaten = (one: { cost: number; value: number }) =>
    points.some(
      (other) =>
        other.cost <= one.cost && other.value >= one.value && (other.cost < one.cost || other.value > one.value),
    );
  return points
    .map((point, index) => ({ point, index }))
    .filter(({ point }) => !beaten(point))
    .sort((a, b) => a.point.cost - b.point.cost)
    .map(({ index }) => index);
}
