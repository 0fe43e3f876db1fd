/** Module hooks: packages go by other names, so that what imports them, unmodified, gets another version. */

/** @type {Readonly<Record<string, string>>} */
let names = {}

export function initialize(/** @type {Readonly<Record<string, string>>} */ given) {
  names = given
}

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  const name = Object.keys(names).find((one) => specifier === one || specifier.startsWith(`${one}/`))
  return next(name === undefined ? specifier : names[name] + specifier.slice(name.length), context)
}
