/** Raised with every incompatible change of the wire; test/protocol/version.test.ts pins the schemas' hash to it. */
export const PROTOCOL_VERSION = 1
