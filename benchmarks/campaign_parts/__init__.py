"""Parts of the benchmark of campaigns that run in processes of their own."""
