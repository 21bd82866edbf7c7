//! The words, the loop, choosers, Pareto sets and statistics of Nascent.
