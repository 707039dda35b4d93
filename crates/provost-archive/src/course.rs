//! What is known of a course before it is moved.
