//! China's `AIGC` metadata: GB 45438-2025, Annex E. (interface; the body is being written)
