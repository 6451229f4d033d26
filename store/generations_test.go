package store

import "testing"

// formats are those of all generations, the newest first.
func (f *fixture) formats(t *testing.T) (formats []int) {
	t.Helper()
	all, err := f.Generations(t.Context())
	ok(t, err)
	for _, g := range all {
		formats = append(formats, g.Format())
	}
	return formats
}

// testGenerations: older checkpoints are kept and can be read, and the newest one of
// another format as long as the log goes on from it.
func testGenerations(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	save := func(format int, pos Pos) {
		t.Helper()
		cp := checkpoint(byte(pos.seq), pos)
		cp.Format = format
		ok(t, f.SaveCheckpoint(ctx, l, cp))
	}
	for seq := range uint64(5) {
		save(7, Pos{5, seq})
	}
	equal(t, f.formats(t), []int{7, 7, 7})
	for seq := range uint64(5) {
		save(8, Pos{6, seq})
	}
	equal(t, f.formats(t), []int{8, 8, 8, 7})
	all, err := f.Generations(ctx)
	ok(t, err)
	equal(t, all[3].Pos, Pos{5, 4})
	for i, g := range all {
		cp, err := f.ReadGeneration(ctx, g)
		ok(t, err)
		equal(t, cp.Format, f.formats(t)[i])
		equal(t, cp.Cursor.Pos, g.Pos)
	}
	ok(t, f.writes.Set(ctx, keyFloor, Pos{5, 5}.String(), 0).Err())
	save(8, Pos{7, 0})
	equal(t, f.formats(t), []int{8, 8, 8})
}

// testDamagedGenerations: whatever is wrong with the newest checkpoint, the older ones
// can be read, and a newer one can be stored.
func testDamagedGenerations(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	older, newer := checkpoint(1, Pos{5, 1}), checkpoint(2, Pos{5, 2})
	damages := map[string]func(Generation) error{
		"a wrong byte": func(g Generation) error {
			return f.writes.SetRange(ctx, chunkKeys(g.Name, 1)[0], 900, "x").Err()
		},
		"a lost chunk": func(g Generation) error { return f.writes.Del(ctx, chunkKeys(g.Name, 2)[1]).Err() },
		"a wrong sum":  func(Generation) error { return f.writes.HSet(ctx, keyCheckpoint, "sum", "x").Err() },
		"a wrong number of chunks": func(Generation) error {
			return f.writes.HSet(ctx, keyCheckpoint, "chunks", "many").Err()
		},
		"a wrong position": func(g Generation) error {
			err := f.writes.HSet(ctx, keyCheckpoint, "ms", "then").Err()
			if err != nil {
				return err
			}
			return f.writes.Del(ctx, chunkKeys(g.Name, 1)[0]).Err()
		},
	}
	for name, damage := range damages {
		ok(t, f.writes.Del(ctx, keyCheckpoint, keyOlder).Err())
		ok(t, f.SaveCheckpoint(ctx, l, older))
		ok(t, f.SaveCheckpoint(ctx, l, newer))
		all, err := f.Generations(ctx)
		ok(t, err)
		ok(t, damage(all[0]))
		if _, _, err := f.Checkpoint(ctx); err == nil {
			t.Fatalf("%s: the newest is believed", name)
		}
		all, err = f.Generations(ctx)
		ok(t, err)
		equal(t, len(all), 2)
		cp, err := f.ReadGeneration(ctx, all[1])
		ok(t, err)
		equal(t, cp.Cursor, older.Cursor)
		ok(t, f.SaveCheckpoint(ctx, l, newer))
		f.wantCheckpoint(t, newer)
	}
}

// testForeignFlip: a release that knows of no older ones replaces the newest and deletes
// it; the older ones are still found.
func testForeignFlip(t *testing.T, f *fixture) {
	ctx, l := t.Context(), f.lead(t)
	for seq := range uint64(3) {
		ok(t, f.SaveCheckpoint(ctx, l, checkpoint(byte(seq), Pos{5, seq})))
	}
	all, err := f.Generations(ctx)
	ok(t, err)
	pipe := f.writes.TxPipeline()
	pipe.HSet(ctx, keyCheckpoint, "gen", "77-FOREIGN", "chunks", 0, "ms", 6, "seq", 0, "sum", "")
	pipe.Unlink(ctx, chunkKeys(all[0].Name, all[0].Chunks)...)
	_, err = pipe.Exec(ctx)
	ok(t, err)
	now, err := f.Generations(ctx)
	ok(t, err)
	equal(t, len(now), 3)
	equal(t, now[0].Format(), 0)
	equal(t, now[1:], all[1:])
}
