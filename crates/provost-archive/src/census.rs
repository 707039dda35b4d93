//! What a course is made of, counted and digested at both ends, and the differences.
