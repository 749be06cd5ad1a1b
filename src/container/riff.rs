//! RIFF: chunks of a four-character code, a 32-bit little-endian length, data and a padding byte.
