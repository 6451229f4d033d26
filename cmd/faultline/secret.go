package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecretBytes bounds a file that holds a secret. A larger one is not a secret but a
// mistyped name, such as that of a log.
const maxSecretBytes = 64 << 10

// tokenFile is the form of --token that leaves the token out of environments and of lists of
// processes, which other users of a machine can read. Secrets that Docker and Kubernetes
// mount are files.
type tokenFile struct {
	TokenFile string `name:"token-file" placeholder:"FILE" env:"FAULTLINE_TOKEN_FILE" help:"File that contains the token, to keep it out of the environment and of lists of processes."`
}

// read fills token from the file, if one is named.
func (f tokenFile) read(token *string) error { return readSecret("token", token, f.TokenFile) }

// readSecret fills the value of a flag from the file that the flag NAME-file names; an
// empty file name leaves the value as it is. The secret is the file's text without white
// space around it. No error quotes it.
func readSecret(flag string, value *string, file string) error {
	if file == "" {
		return nil
	}
	refuse := func(why string) error { return usageError{fmt.Errorf("--%s-file: %s", flag, why)} }
	if *value != "" {
		return refuse(fmt.Sprintf("give either this or --%s, not both", flag))
	}
	f, err := os.Open(file)
	if err != nil {
		return refuse(err.Error())
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return refuse(err.Error())
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" || len(text) > maxSecretBytes {
		return refuse(fmt.Sprintf("%s is empty or larger than %d bytes", file, maxSecretBytes))
	}
	*value = secret
	return nil
}
