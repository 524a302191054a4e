/**
 * Enlarges a square grid `[size, size]`, row-major, to `[newSize, newSize]` by interpolating with cubic splines between its corners
 * (`scipy.ndimage.zoom` with its defaults).
 */
export function cubicZoom(values: Float64Array, size: number, newSize: number): Float64Array {
  // Rows first, then columns: each pass enlarges the lines along the first axis and turns the grid.
  return zoomAndTranspose(zoomAndTranspose(values, size, size, newSize), size, newSize, newSize);
}

/** Enlarges each column of a grid `[size, columns]` to `newSize` numbers, which make a row of the result `[columns, newSize]`. */
function zoomAndTranspose(values: Float64Array, size: number, columns: number, newSize: number): Float64Array {
  const result = new Float64Array(columns * newSize);
  const line = new Float64Array(size);
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < size; i++) line[i] = values[i * columns + column] ?? 0;
    const coefficients = splineCoefficients(line);
    for (let i = 0; i < newSize; i++) {
      result[column * newSize + i] = splineAt(coefficients, (i * (size - 1)) / (newSize - 1));
    }
  }
  return result;
}

/**
 * The weights of the cubic B-splines whose sum passes through equidistant values: (c₋ + 4c + c₊)/6 = value, mirrored at the ends. Solved by
 * elimination (Thomas's algorithm).
 */
function splineCoefficients(values: Float64Array): Float64Array {
  const last = values.length - 1;
  const above = new Float64Array(last + 1);
  const coefficients = new Float64Array(last + 1);
  for (let i = 0; i <= last; i++) {
    // At the ends the neighbour that is missing equals the one that is there.
    const before = i === 0 ? 0 : i === last ? 2 : 1;
    const after = i === 0 ? 2 : i === last ? 0 : 1;
    const pivot = 4 - before * (above[i - 1] ?? 0);
    above[i] = after / pivot;
    coefficients[i] = (6 * (values[i] ?? 0) - before * (coefficients[i - 1] ?? 0)) / pivot;
  }
  for (let i = last - 1; i >= 0; i--)
    coefficients[i] = (coefficients[i] ?? 0) - (above[i] ?? 0) * (coefficients[i + 1] ?? 0);
  return coefficients;
}

/** The spline at a position in [0, length − 1]. */
function splineAt(coefficients: Float64Array, position: number): number {
  const last = coefficients.length - 1;
  const i = Math.floor(position);
  const t = position - i;
  const at = (index: number) => coefficients[index < 0 ? -index : index > last ? 2 * last - index : index] ?? 0;
  return (
    ((1 - t) ** 3 * at(i - 1) +
      (3 * t ** 3 - 6 * t ** 2 + 4) * at(i) +
      (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) * at(i + 1) +
      t ** 3 * at(i + 2)) /
    6
  );
}
