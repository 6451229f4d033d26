package evidence

// WindowOf returns the shortest window that covers age, or the longest.
func WindowOf(age int64) int {
	for w, span := range WindowMS {
		if age <= span {
			return w
		}
	}
	return Windows - 1
}
