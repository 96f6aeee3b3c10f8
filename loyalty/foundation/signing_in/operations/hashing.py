"""How passwords are hashed: Argon2id with stated parameters; old hashes are renewed when their owner signs in."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class StatedArgon2(Argon2PasswordHasher):
    """Argon2id, 64 MiB, three passes, four lanes: the second recommended option of RFC 9106 (section 4).

    One hash costs about a tenth of a second of one core. Raising a number here renews each hash at its owner's next
    sign-in, because Django compares the parameters that a hash names with these.
    """

    time_cost = 3
    memory_cost = 64 * 1024
    parallelism = 4
