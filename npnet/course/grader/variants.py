"""The key of a student: what the hidden probes, and what differs from student to student, are drawn from.

    key = student_key(secret, "kim@example.org")            64 hexadecimal digits
    key = student_key(secret, identities_of(metadata))      a group: all its addresses, in their order of the alphabet

The same student gets the same probes for ever, so that a regrade gives the same points. Nothing of a student is
kept but `label(key)`, a hash of the key: neither the name nor the key can be found from it.
"""
import hashlib
import hmac
import unicodedata

PUBLIC = "npnet course"             # the secret of a course that has none of its own: known to everybody
SHORTEST = 16                       # characters of a secret


def canonical(identity):
    """One text for a student or a group, however it was written: "KIM@example.org " and "kim@example.org" are one.

    identity: a text, or a list of texts (the members of a group, in any order); commas in a text part members too.
    ValueError where nothing is left of it.
    """
    names = identity.split(",") if isinstance(identity, str) else list(identity)
    names = sorted({unicodedata.normalize("NFC", str(name)).strip().lower() for name in names} - {""})
    if not names:
        raise ValueError("a student needs an id: an address, a number or a name; give one with --student")
    return "\n".join(names)


def student_key(secret, identity):
    """HMAC-SHA256 of the id with the course's secret, as 64 hexadecimal digits."""
    return hmac.new(secret.encode("utf-8"), canonical(identity).encode("utf-8"), hashlib.sha256).hexdigest()


def label(key):
    """Twelve digits that stand for a student in what is stored. The key cannot be found from them."""
    return hashlib.sha256(("label of " + key).encode("utf-8")).hexdigest()[:12]


def identities_of(metadata):
    """The addresses of those who submitted, from Gradescope's submission_metadata.json (already read); [] for none.

    A user without an address is known by the number that Gradescope gives.
    """
    users = metadata.get("users") if isinstance(metadata, dict) else None
    found = []
    for user in users if isinstance(users, list) else []:
        name = user.get("email") or user.get("id") if isinstance(user, dict) else None
        if name:
            found.append(str(name))
    return sorted(found)


def read_secret(path=None):
    """The text of a file that holds a course's secret; without a file, the public one.

    OSError where it cannot be read, ValueError where it is too short to be one.
    """
    if path is None:
        return PUBLIC
    try:
        with open(path, encoding="utf-8") as file:
            secret = file.read().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text in UTF-8; a secret is one line of text") from None
    if len(secret) < SHORTEST:
        raise ValueError(f"{path}: the secret of a course has {SHORTEST} characters or more, this has {len(secret)}; "
                         f"leave the file out, and build-autograder writes one")
    return secret
