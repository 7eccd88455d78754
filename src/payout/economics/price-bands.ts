/** Bands of the doubling ladder on which most published prices lie. */
export interface PriceBand {
  name: string;
  /** Dollars, inclusive. */
  from: number;
}

export const PRICE_BANDS: readonly PriceBand[] = [
  { name: 'below $250', from: 0 },
  { name: '$250 to $499', from: 250 },
  { name: '$500 to $999', from: 500 },
  { name: '$1,000 to $1,999', from: 1_000 },
  { name: '$2,000 to $3,999', from: 2_000 },
  { name: '$4,000 to $7,999', from: 4_000 },
  { name: '$8,000 and more', from: 8_000 },
];

export function bandOf(price: number): string {
  return PRICE_BANDS.findLast((band) => band.from <= price)?.name ?? '';
}
