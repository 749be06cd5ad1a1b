//! Certification path check: RFC 5280 §6. (interface; the body is being written)
