/**
 * The client's door: what the server sends is taken for what the schemas of protocol/ say it is, without checking. The
 * server holds this workspace's token and was built with the same schemas; checking would bring zod into every page.
 * Whatever turns a message into a path on disk checks that path itself.
 */
/* eslint-disable @typescript-eslint/no-unsafe-type-assertion, @typescript-eslint/no-unnecessary-type-parameters --
   this is the one place for it */
export function trusted<T>(value: unknown): T {
  return value as T
}
