// The order of texts in the documents of the server.

/**
 * Compares two texts by their code points, as the server sorts them. JavaScript's own order is by UTF-16 units: it puts
 * an emoji above U+FFFF before a character from U+E000 on.
 * @param {string} a
 * @param {string} b
 * @returns {number} below 0 if `a` comes first, above 0 if `b` does
 */
export function byCodePoint(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

/**
 * A sorted list with one more text, in its place. The same list if it has the text.
 * @param {string[]} list
 * @param {string} text
 */
export const withText = (list, text) => (list.includes(text) ? list : [...list, text].sort(byCodePoint));
