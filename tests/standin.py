"""A stand-in for arrays on a graphics card: it refuses whatever CuPy would refuse, without a card.

Its numbers live in a hidden NumPy array. NumPy's functions reach it by the same two protocols as
CuPy's arrays (NEP 13 and 18), nothing turns it silently into a NumPy array, and host arrays may not
be mixed in. Only names that CuPy has are admitted.
"""
import numpy as np

# what cupy has among numpy's functions, as far as array texts may want them
FUNCTIONS = """arange concatenate copyto empty_like full_like isfinite mean moveaxis ones_like reshape stack sum swapaxes
    transpose var where zeros_like""".split()
METHODS = "all any argmax astype copy max mean min ravel reshape sum swapaxes transpose var".split()
VALUES = "dtype ndim shape size".split()


class DeviceArray:
    """Numbers "on the device"."""

    def __init__(self, numbers):
        self._numbers = np.array(numbers)

    @classmethod
    def view(cls, numbers):
        """Wraps without copying: parts of a device array share its memory."""
        array = cls.__new__(cls)
        array._numbers = numbers
        return array

    def __array__(self, *arguments, **options):
        raise TypeError("a device array was silently copied to the host")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if method != "__call__":
            raise TypeError(f"{ufunc.__name__}.{method} is not known to work on the device")
        if out is not None:
            options["out"] = tuple(opened(array) for array in out)
        result = getattr(ufunc, method)(*[opened(one) for one in inputs], **options)
        return out[0] if out is not None else wrapped(result)

    def __array_function__(self, function, types, arguments, options):
        if function.__name__ not in FUNCTIONS:
            raise TypeError(f"np.{function.__name__} is not dispatched to the device")
        options.pop("like", None)
        return wrapped(function(*opened(arguments), **opened(options)))

    def __getattr__(self, name):
        if name in VALUES:
            return getattr(self._numbers, name)
        if name in METHODS:
            return lambda *arguments, **options: wrapped(
                getattr(self._numbers, name)(*opened(arguments), **opened(options)))
        raise AttributeError(f"device arrays have no {name}")

    @property
    def T(self):
        return DeviceArray.view(self._numbers.T)

    def __getitem__(self, place):
        return wrapped(self._numbers[opened(place)])

    def __setitem__(self, place, value):
        self._numbers[opened(place)] = opened(value)

    def __len__(self):
        return len(self._numbers)

    def __bool__(self):
        return bool(self._numbers)

    def __int__(self):
        return int(self._numbers)

    def __float__(self):
        return float(self._numbers)


def opened(value):
    """The numbers inside, in tuples, lists and dictionaries too; host arrays are refused."""
    if isinstance(value, DeviceArray):
        return value._numbers
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError("a host array was mixed with device arrays")
    if isinstance(value, (tuple, list)):
        return type(value)(opened(one) for one in value)
    if isinstance(value, dict):
        return {key: opened(one) for key, one in value.items()}
    return value


def wrapped(result):
    """Results are on the device again; numbers become arrays without dimensions, as CuPy's do."""
    return DeviceArray.view(np.asarray(result)) if isinstance(result, (np.ndarray, np.generic)) else result


def operator(name):
    """One operator, by way of its ufunc."""
    ufunc = getattr(np, {"truediv": "true_divide", "floordiv": "floor_divide", "mod": "remainder", "pow": "power",
                         "sub": "subtract", "mul": "multiply", "lt": "less", "le": "less_equal", "gt": "greater",
                         "ge": "greater_equal", "eq": "equal", "ne": "not_equal", "and": "bitwise_and",
                         "or": "bitwise_or"}.get(name, name))

    def plain(self, other):
        return self.__array_ufunc__(ufunc, "__call__", self, other)

    def turned(self, other):
        return self.__array_ufunc__(ufunc, "__call__", other, self)

    def in_place(self, other):
        ufunc(self._numbers, opened(other), out=self._numbers)
        return self

    return plain, turned, in_place


for _name in "add sub mul truediv floordiv mod pow matmul lt le gt ge eq ne and or".split():
    _plain, _turned, _in_place = operator(_name)
    setattr(DeviceArray, f"__{_name}__", _plain)
    if _name not in "lt le gt ge eq ne":
        setattr(DeviceArray, f"__r{_name}__", _turned)
        setattr(DeviceArray, f"__i{_name}__", _in_place)
DeviceArray.__neg__ = lambda self: wrapped(-self._numbers)
DeviceArray.__invert__ = lambda self: wrapped(~self._numbers)
DeviceArray.__hash__ = None


def to_host(array):
    """A copy of the numbers on the host."""
    return array._numbers.copy() if isinstance(array, DeviceArray) else array
