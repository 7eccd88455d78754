/** Solves `matrix * x = right` for a symmetric positive definite matrix by Cholesky's decomposition. Pure. */

/** Only the lower triangle is read; it is overwritten. Throws `RangeError` when the matrix is not positive definite. */
export function solvePositive(matrix: Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const at = (row: number, column: number) => matrix[row]?.[column] ?? 0;
  for (let row = 0; row < size; row++) {
    const line = matrix[row];
    if (line === undefined) throw new RangeError('the matrix has too few rows');
    for (let column = 0; column <= row; column++) {
      const other = matrix[column];
      let sum = line[column] ?? 0;
      for (let k = 0; k < column; k++) sum -= (line[k] ?? 0) * (other?.[k] ?? 0);
      if (row !== column) line[column] = sum / (other?.[column] ?? 1);
      else if (sum > 0) line[column] = Math.sqrt(sum);
      else throw new RangeError('the matrix is not positive definite');
    }
  }
  const x = Float64Array.from(right);
  for (let row = 0; row < size; row++) {
    let sum = x[row] ?? 0;
    for (let k = 0; k < row; k++) sum -= at(row, k) * (x[k] ?? 0);
    x[row] = sum / at(row, row);
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = x[row] ?? 0;
    for (let k = row + 1; k < size; k++) sum -= at(k, row) * (x[k] ?? 0);
    x[row] = sum / at(row, row);
  }
  return x;
}
