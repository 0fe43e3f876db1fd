/** How an agent's instance, and a person, may be called; by itself, for pages that carry no schemas. */

export const INSTANCE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

export const INSTANCE_NAME_RULE =
  'an instance name is 1–64 letters, digits, ".", "_" or "-", beginning with a letter or a digit'
