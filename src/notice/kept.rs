//! What a format made of a mask, kept with it for the next picture.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

/// How many things are kept with one mask: pictures of one service come with few tables.
const KEPT: usize = 4;

/// Goes away with the mask. What is in it follows from the mask: two that are equal stay so, whatever is kept with them.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl Kept {
    /// The first that `is_wanted`.
    pub(crate) fn get<T: Any + Send + Sync>(&self, is_wanted: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter_map(|kept| Arc::clone(kept).downcast().ok()).find(|kept| is_wanted(kept))
    }

    /// Keeps one more in the place of the oldest.
    pub(crate) fn keep<T: Any + Send + Sync>(&self, new: T) -> Arc<T> {
        let new = Arc::new(new);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, Arc::clone(&new) as _);
        kept.truncate(KEPT);
        new
    }
}

impl Clone for Kept {
    /// Empty: the copy may be changed.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_kept_the_last_made_first() {
        let kept = Kept::default();
        for number in 0..10_u32 {
            kept.keep(number);
        }
        assert_eq!(kept.get(|_: &u32| true).as_deref(), Some(&9));
        assert_eq!(kept.get(|&number: &u32| number == 8).as_deref(), Some(&8));
        assert!(kept.get(|&number: &u32| number == 5).is_none());
        assert!(kept.get(|_: &String| true).is_none());
        assert!(kept.clone().get(|_: &u32| true).is_none());
    }
}
