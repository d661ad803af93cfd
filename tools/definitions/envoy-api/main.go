// Writes the descriptors of every Protobuf file that this program is linked with to standard output, as one
// google.protobuf.FileDescriptorSet. The caller puts a file beside this one that imports the wanted packages.
//
// Go code generated from Protobuf carries descriptors without comments. Custom options (validation rules, versioning
// notes) and the options that only other languages read are taken out as well: nobody here reads them.
package main

import (
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	var files []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		files = append(files, file)
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	for _, file := range files {
		add(set, seen, file)
	}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.Write(bytes); err != nil {
		panic(err)
	}
}

// add appends a file behind the files that it imports, the order that a FileDescriptorSet has to have.
func add(set *descriptorpb.FileDescriptorSet, seen map[string]bool, file protoreflect.FileDescriptor) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		add(set, seen, file.Imports().Get(i).FileDescriptor)
	}
	descriptor := protodesc.ToFileDescriptorProto(file)
	descriptor.Options = nil
	dropExtensions(descriptor.ProtoReflect())
	set.File = append(set.File, descriptor)
}

// dropExtensions clears extension fields and unknown fields of a message and of all messages within. In a descriptor
// only the options have any.
func dropExtensions(message protoreflect.Message) {
	message.SetUnknown(nil)
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsExtension():
			message.Clear(field)
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range value.List().Len() {
				dropExtensions(value.List().Get(i).Message())
			}
		default:
			dropExtensions(value.Message())
		}
		return true
	})
}
