"""What signing in reaches outside: an identity provider."""
