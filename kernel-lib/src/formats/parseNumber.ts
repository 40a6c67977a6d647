/** The powers of ten that are exact in double precision. */
const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * Parses the decimal number in bytes [from, to); NaN for anything else. Correctly rounded: up to 15 digits and exponents up to
 * ±22 need one multiplication or division (Clinger, 1990); everything else is parsed by `Number`.
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const sign = bytes[at]!;
  if (sign === 45 || sign === 43) at++;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let seen = 0;
  let afterPoint = false;
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + byte - 48;
      seen++;
      if (mantissa > 0) digits++;
      if (afterPoint) scale--;
    } else if (byte === 46 && !afterPoint) {
      afterPoint = true;
    } else {
      break;
    }
  }
  if (seen === 0) return Number.NaN;
  if (at < to && (bytes[at] === 101 || bytes[at] === 69)) {
    at++;
    const exponentSign = bytes[at];
    if (exponentSign === 45 || exponentSign === 43) at++;
    let exponent = 0;
    const firstDigit = at;
    while (at < to && bytes[at]! >= 48 && bytes[at]! <= 57) exponent = exponent * 10 + bytes[at++]! - 48;
    if (at === firstDigit) return Number.NaN;
    scale += exponentSign === 45 ? -exponent : exponent;
  }
  if (at !== to) return Number.NaN;
  if (digits > 15 || scale > 22 || scale < -22) {
    let text = "";
    for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
    return Number(text);
  }
  const value = scale < 0 ? mantissa / powers[-scale]! : mantissa * powers[scale]!;
  return sign === 45 ? -value : value;
}
