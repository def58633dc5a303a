//! Between API Gateway and the domain: events to commands, results to responses and frames, configuration.
