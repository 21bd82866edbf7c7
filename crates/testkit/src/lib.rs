//! Contract suites that every space, strategy, log, evaluator and worker pool must pass.
