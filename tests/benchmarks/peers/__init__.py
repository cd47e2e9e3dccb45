"""The peers: other engines that answer the same questions, in an environment of their own."""
