//! The signed proof that a course arrived, without which nothing is cleaned.
