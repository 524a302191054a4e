/** 16-bit floats, as raw bits, and float32. */

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

function decodeHalf(half: number): number {
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;
}

let table: Float32Array | undefined;

/** The numbers of all 65,536 IEEE half-precision patterns. */
function halfNumbers(): Float32Array {
  table ??= Float32Array.from({ length: 65_536 }, (_, half) => decodeHalf(half));
  return table;
}

/** The number of an IEEE half-precision pattern. */
export const halfNumber = (half: number): number => halfNumbers()[half] ?? Number.NaN;

/** IEEE half precision as float32: exact. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  const numbers = halfNumbers();
  return Float32Array.from(halves, (half) => numbers[half] ?? Number.NaN);
}

/** bfloat16 as float32: exact. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

/** The nearest bfloat16 of each number (ties to even). */
export function toBfloat16(numbers: Float32Array): Uint16Array {
  return Uint16Array.from(numbers, (value) => {
    number[0] = value;
    const word = bits[0] ?? 0;
    if (Number.isNaN(value)) return (word >>> 16) | 0x40;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/** The nearest half-precision number of each (ties to even); beyond 65,504 infinite. */
export function toFloat16(numbers: Float32Array): Uint16Array {
  return Uint16Array.from(numbers, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
    number[0] = magnitude;
    const exponent = ((bits[0] ?? 0) >>> 23) - 127;
    // A fraction that rounds up to 2 carries into the exponent, up to that of infinity.
    const half = ((exponent + 14) << 10) + roundToEven(magnitude * 2 ** (10 - exponent));
    return sign | Math.min(half, 0x7c00);
  });
}

/** The nearest whole number of one that is not negative; of two, the even one. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
