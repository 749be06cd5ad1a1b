//! Makes certificate chains for trying out and for internal use. (interface; the body is being written)
