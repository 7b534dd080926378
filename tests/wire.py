"""Writes protobuf's wire format, for tests of those who read it."""
import struct


def varint(number):
    """A whole number, 7 bits a byte; negative ones as 64 bits."""
    number &= (1 << 64) - 1
    codes = bytearray()
    while number > 127:
        codes.append(number & 127 | 128)
        number >>= 7
    return bytes(codes + bytes([number]))


def field(number, value):
    """One field: an int or bool as a varint, a float in 4 bytes, bytes or text with their length."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else bytes(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def double(number, value):
    """A field of 8 bytes."""
    return varint(number << 3 | 1) + struct.pack("<d", value)


def packed(number, values):
    """Whole numbers as one field."""
    return field(number, b"".join(varint(value) for value in values))
