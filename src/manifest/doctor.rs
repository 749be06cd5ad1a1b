//! Explains each fault of a certificate chain in words. (interface; the body is being written)
